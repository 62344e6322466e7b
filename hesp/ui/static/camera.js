// Gradio swallows what the browser says about a refused or absent camera; this puts it under the clip.
(() => {
  const MESSAGES = {
    NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the address, then try again.",
    NotFoundError: "No camera was found. Connect one, or upload a file instead.",
    NotReadableError: "The camera is in use by another program. Close that program, then try again.",
    OverconstrainedError: "The camera does not offer a usable picture size. Upload a file instead.",
  };
  const INSECURE = "The browser gives the camera only to pages on localhost or https. Upload a file instead.";

  function show(text) {
    const clip = document.getElementById("clip");
    if (!clip) return;
    let box = document.getElementById("camera-message");
    if (!box) {
      box = document.createElement("div");
      box.id = "camera-message";
      box.setAttribute("role", "alert");
      clip.after(box);
    }
    box.textContent = text;
    setTimeout(() => box.remove(), 12000);
  }

  window.addEventListener("unhandledrejection", (event) => {
    const text = MESSAGES[event.reason?.name];
    if (text) show(text);
  });

  document.addEventListener("click", (event) => {
    const asksForCamera = event.target.closest?.('#clip [aria-label="Capture from camera"]');
    if (asksForCamera && !navigator.mediaDevices) show(INSECURE);
  });
})();
