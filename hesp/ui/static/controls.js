// The buttons below the video. Own ones, because the browser's would lie over the picture and, in full screen, leave
// the overlay behind.

function makeControls(root, video, { onStep }) {
  const find = (name) => root.querySelector(`.controls .${name}`);
  const play = find("play"), mute = find("mute"), full = find("fullscreen"), clock = find("clock");
  const stage = root.querySelector(".stage");

  const toggle = () => (video.paused ? video.play() : video.pause());

  function showPlaying() {
    play.setAttribute("aria-label", video.paused ? "Play" : "Pause");
    play.classList.toggle("is-playing", !video.paused);
  }

  play.addEventListener("click", toggle);
  stage.addEventListener("click", toggle);
  for (const event of ["play", "pause", "ended", "emptied"]) video.addEventListener(event, showPlaying);
  find("back").addEventListener("click", () => onStep(-1));
  find("forward").addEventListener("click", () => onStep(1));
  mute.addEventListener("click", () => {
    video.muted = !video.muted;
    mute.setAttribute("aria-pressed", video.muted);
  });
  full.hidden = !stage.requestFullscreen;
  full.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else stage.requestFullscreen();
  });

  return {
    toggle,
    setClip(clip) {
      mute.hidden = !clip.audio;
      stage.style.aspectRatio = `${clip.width} / ${clip.height}`;
    },
    show(seconds, duration) {
      clock.textContent = `${seconds.toFixed(2)} / ${duration.toFixed(2)} s`;
    },
  };
}
