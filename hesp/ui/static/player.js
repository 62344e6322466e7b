// The player: keeps video, overlay, curves and readout at the same frame, without asking the server.
// What it shows can be read off the root element: data-state (loading, empty, working, ready, note, error), data-clip,
// data-frame, data-row, data-face, data-labels (JSON), data-heat, data-heat-ready and data-drawn (curves drawn so far).

const root = element.querySelector(".player");
const video = root.querySelector(".video"), opacity = root.querySelector(".opacity");
const faceButtons = root.querySelector(".faces");

let clip = null, curves = null;
let face = 0, frame = 0, pickedLabel = null;
let wantedFrame = null;  // newest wish while a seek is under way, so that a drag never queues up
const attentionMaps = new Map();

const drawOverlay = makeOverlay(root.querySelector(".overlay"));
const showStatus = makeStatus(root);
const timeline = makeTimeline(root, { onSeek: (seconds) => seek(Math.round(seconds * clip.fps)), onKey: moveByKey });
const readout = makeReadout(root, { onPick: pickLabel });
const controls = makeControls(root, video, { onStep: (n) => { video.pause(); seek(frame + n); } });

const ready = () => clip !== null && curves !== null;
const heatLabel = () => (curves.labels.includes(pickedLabel) ? pickedLabel : curves.labels[leadingOverall(curves.faces[face])]);
const attentionKey = (label) => `${clip.faces[face].id} ${label}`;

// ---- showing a frame

function show(number) {
  if (!ready()) return;
  frame = Math.max(0, Math.min(clip.frames - 1, number));
  const row = clip.rowOfFrame[frame], seconds = frame / clip.fps;
  drawOverlayAt(row);
  timeline.place(seconds);
  timeline.announce(seconds, readout.show(curves.faces[face], curves.labels, row));
  controls.show(seconds, clip.frames / clip.fps);
  Object.assign(root.dataset, { frame, row });
}

function drawOverlayAt(row) {
  const attention = attentionMaps.get(attentionKey(heatLabel())) ?? null;
  const tags = clip.faces.length > 1 ? clip.faces.map((one) => one.name) : null;
  drawOverlay(clip, row, { chosen: face, attention, opacity: Number(opacity.value), tags });
}

// ---- moving

function seek(number) {
  if (!ready()) return;
  const target = Math.max(0, Math.min(clip.frames - 1, number));
  timeline.place(target / clip.fps);  // the playhead follows the finger, the picture as fast as it can
  if (video.seeking) {
    wantedFrame = target;
    return;
  }
  video.currentTime = (target + 0.5) / clip.fps;  // the middle of the frame: no rounding can hit its neighbour
}

function moveByKey(event) {
  const far = event.shiftKey ? Math.round(clip.fps) : 1;
  const moves = {
    ArrowRight: () => seek(frame + far),
    ArrowLeft: () => seek(frame - far),
    PageDown: () => seek(frame - 5 * clip.fps),
    PageUp: () => seek(frame + 5 * clip.fps),
    Home: () => seek(0),
    End: () => seek(clip.frames - 1),
    " ": controls.toggle,
  };
  moves[event.key]?.();
  return event.key in moves;
}

video.addEventListener("seeked", () => {
  const wish = wantedFrame;
  wantedFrame = null;
  if (wish !== null) seek(wish);
  else if (ready()) show(Math.floor(video.currentTime * clip.fps + 1e-3));
});

// Called with each frame that the browser puts on the screen, with that frame's own time.
function onVideoFrame(_, { mediaTime }) {
  if (ready()) show(Math.round(mediaTime * clip.fps));
  video.requestVideoFrameCallback(onVideoFrame);
}
if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(onVideoFrame);
else video.addEventListener("timeupdate", () => { if (ready()) show(Math.floor(video.currentTime * clip.fps + 1e-3)); });

// ---- faces and attention

function buildFaceButtons() {
  faceButtons.hidden = clip.faces.length < 2;
  faceButtons.replaceChildren(...clip.faces.map((one, position) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = one.name;
    button.setAttribute("aria-pressed", position === face);
    button.addEventListener("click", () => chooseFace(position));
    return button;
  }));
}

function chooseFace(position) {
  face = position;
  [...faceButtons.children].forEach((button, k) => button.setAttribute("aria-pressed", k === face));
  drawCurves();
}

function pickLabel(label) {
  pickedLabel = label;
  showHeat();
}

// Marks the label whose attention is shown and asks the server for its map unless it is here already.
function showHeat() {
  const label = heatLabel(), isHere = attentionMaps.has(attentionKey(label));
  readout.pick(label);
  Object.assign(root.dataset, { heat: label, heatReady: isHere });
  drawOverlayAt(clip.rowOfFrame[frame]);
  if (!isHere) trigger("attend", { clip: clip.id, label, face: clip.faces[face].id });
}

async function receiveAttention() {
  const facts = props.attention;
  if (!facts || facts.clip !== clip?.id) return;
  const map = await loadAttention(facts);
  if (facts.clip !== clip?.id) return;
  attentionMaps.set(`${facts.face} ${facts.label}`, map);
  root.dataset.heatReady = attentionMaps.has(attentionKey(heatLabel()));
  drawOverlayAt(clip.rowOfFrame[frame]);
}

opacity.addEventListener("input", () => { if (ready()) drawOverlayAt(clip.rowOfFrame[frame]); });
new ResizeObserver(() => { if (ready()) drawOverlayAt(clip.rowOfFrame[frame]); }).observe(root.querySelector(".stage"));

// ---- what Python sends

async function drawCurves() {
  const { labels } = curves, styles = props.styles;
  readout.build(labels, styles);
  root.dataset.face = face;
  const drawing = timeline.draw({
    times: clip.times, duration: clip.frames / clip.fps, labels, styles, curves: curves.faces[face],
  });
  show(frame);
  showHeat();
  await drawing;
  root.dataset.labels = JSON.stringify(labels);
  root.dataset.drawn = Number(root.dataset.drawn ?? 0) + 1;
}

async function receiveCurves() {
  const facts = props.curves;
  if (!clip || facts?.clip !== clip.id) return;
  const loaded = await loadCurves(facts, clip);
  if (props.curves?.url !== facts.url) return;  // overtaken by a newer list of words
  curves = loaded;
  await drawCurves();
}

function closeClip() {
  clip = curves = null;
  attentionMaps.clear();
  video.removeAttribute("src");
  video.load();
}

async function receiveClip() {
  const facts = props.value;
  if (facts?.id === clip?.id) return;
  closeClip();
  if (facts) {
    const loaded = await loadClip(facts);
    if (props.value?.id !== facts.id) return;
    clip = loaded;
    face = mostSeenFace(clip);
    frame = 0;
    video.src = clip.video;
    controls.setClip(clip);
    timeline.setEnd((clip.frames - 1) / clip.fps);
    buildFaceButtons();
  }
  root.querySelector(".empty").hidden = clip !== null;
  root.querySelector(".result").hidden = clip === null;
  root.dataset.clip = clip?.id ?? "";
  await receiveCurves();
  // on a phone the video lies below the button that was pressed
  if (clip) video.scrollIntoView({ block: "nearest", behavior: "smooth" });
  receiveStatus();
}

function receiveStatus() {
  const kind = showStatus(props.status);
  root.dataset.state = kind !== "none" ? kind : clip ? "ready" : "empty";
}

// Unquoted names: Gradio takes each quoted word of this script for an event and would send it along with the property.
const receivers = { value: receiveClip, curves: receiveCurves, attention: receiveAttention, status: receiveStatus };
for (const [name, receive] of Object.entries(receivers)) watch(name, receive);
// what came before this script ran, while Plotly was loading
receiveClip();
receiveStatus();
