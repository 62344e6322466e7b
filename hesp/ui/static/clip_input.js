// Says what Gradio's clip input leaves unsaid, in a box below it: why the camera does not start, and that a file which
// the browser cannot preview may well be analysed.
(() => {
  const CAMERA_ERRORS = {
    NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the address, then try again.",
    NotFoundError: "No camera was found. Connect one, or upload a file instead.",
    NotReadableError: "The camera is in use by another program. Close that program, then try again.",
    OverconstrainedError: "The camera does not offer a usable picture size. Upload a file instead.",
  };
  const NEEDS_HTTPS = "The browser gives the camera only to pages on localhost or https. Upload a file instead.";
  const NO_PREVIEW = "This browser cannot preview the file. Press Analyse all the same: most formats can be read.";
  const SHOWN_FOR_MS = 12000;

  function show(text) {
    const clip = document.getElementById("clip");
    if (!clip) return;
    let box = document.getElementById("clip-message");
    if (!box) {
      box = document.createElement("div");
      box.id = "clip-message";
      box.setAttribute("role", "alert");
      clip.after(box);
    }
    box.textContent = text;
    clearTimeout(box.timer);
    box.timer = setTimeout(() => box.remove(), SHOWN_FOR_MS);
  }

  // Gradio lets the browser's refusal fall through.
  window.addEventListener("unhandledrejection", (event) => {
    const text = CAMERA_ERRORS[event.reason?.name];
    if (!text) return;
    event.preventDefault();
    show(text);
  });

  document.addEventListener("click", (event) => {
    const asksForCamera = event.target.closest?.('#clip [aria-label="Capture from camera"]');
    if (asksForCamera && !navigator.mediaDevices) show(NEEDS_HTTPS);
  });

  // Gradio calls a file that has no preview an error.
  function replaceToast(toast) {
    if (!toast.textContent.includes("Video not playable")) return;
    toast.querySelector("button[aria-label='Close'], button.toast-close")?.click();
    show(NO_PREVIEW);
  }

  function watchToasts(wrap) {
    new MutationObserver(() => [...wrap.children].forEach(replaceToast)).observe(wrap, { childList: true });
  }

  const waitForToasts = setInterval(() => {
    const wrap = document.querySelector(".toast-wrap");
    if (!wrap) return;
    clearInterval(waitForToasts);
    watchToasts(wrap);
  }, 200);
})();
