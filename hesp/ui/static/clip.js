// Reads what the server sends about a clip; hesp/ui/payload.py describes the layouts.

const VALUES_PER_ROW = 12;  // box x0 y0 x1 y1, then four corners of the crop as x y

async function fetchBuffer(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.arrayBuffer();
}

async function loadClip(facts) {
  const buffer = await fetchBuffer(facts.geometry);
  const n = facts.rows;
  const frameIndex = new Int32Array(buffer, 0, n);
  const size = n * VALUES_PER_ROW;
  const faces = facts.faces.map((face, position) => ({
    ...face,
    geometry: new Float32Array(buffer, 4 * (n + position * size), size),
  }));
  return {
    ...facts,
    faces,
    times: Float64Array.from(frameIndex, (frame) => frame / facts.fps),
    rowOfFrame: rowsOfFrames(frameIndex, facts.frames),
  };
}

// Between two analysed frames the earlier one counts, as a curve seen at that moment would.
function rowsOfFrames(frameIndex, nFrames) {
  const rows = new Int32Array(nFrames);
  let row = 0;
  for (let frame = 0; frame < nFrames; frame++) {
    while (row + 1 < frameIndex.length && frameIndex[row + 1] <= frame) row++;
    rows[frame] = row;
  }
  return rows;
}

async function loadCurves(facts, clip) {
  const buffer = await fetchBuffer(facts.url);
  const n = clip.rows, nCurves = facts.labels.length + 1;
  const curve = (face, k) => new Float32Array(buffer, 4 * n * (face * nCurves + k), n);
  const faces = clip.faces.map((_, face) => ({
    evidence: facts.labels.map((_, k) => curve(face, k)),
    unknown: curve(face, nCurves - 1),
  }));
  return { labels: facts.labels, faces };
}

async function loadAttention(facts) {
  const cells = new Uint8Array(await fetchBuffer(facts.url));
  return { cells, width: facts.width, height: facts.height };
}

function isAbsent(face, row) {
  return Number.isNaN(face.geometry[row * VALUES_PER_ROW]);
}

// Position of the strongest label in a row, -1 where unknown is stronger than all of them.
function leadingLabel(curves, row) {
  let leader = -1, best = curves.unknown[row];
  curves.evidence.forEach((values, k) => {
    if (values[row] > best) [leader, best] = [k, values[row]];
  });
  return leader;
}

// Position of the label with the highest mean over the frames that have the face.
function leadingOverall(curves) {
  const means = curves.evidence.map((values) => {
    let sum = 0, count = 0;
    for (const value of values) if (!Number.isNaN(value)) { sum += value; count++; }
    return count ? sum / count : 0;
  });
  return means.indexOf(Math.max(...means));
}

// The face that is seen longest is the one to begin with.
function mostSeenFace(clip) {
  const seen = clip.faces.map((face) => {
    let count = 0;
    for (let row = 0; row < clip.rows; row++) if (!isAbsent(face, row)) count++;
    return count;
  });
  return seen.indexOf(Math.max(...seen));
}
