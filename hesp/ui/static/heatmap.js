// Turns the few cells of an attention map into a smooth, half-transparent picture.

const HEAT_SIDE = 64;
// Inferno's colours at equal steps: brightness alone tells weak from strong, whatever colours the eye can see.
const HEAT_STOPS = [[20, 11, 53], [101, 21, 110], [187, 55, 84], [243, 120, 25], [252, 222, 110]];

function heatRamp() {
  const ramp = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const x = i / 255, place = x * (HEAT_STOPS.length - 1);
    const from = Math.min(HEAT_STOPS.length - 2, Math.floor(place)), part = place - from;
    const color = HEAT_STOPS[from].map((value, c) => value + part * (HEAT_STOPS[from + 1][c] - value));
    ramp.set([...color, 255 * Math.min(1, 1.25 * x)], i * 4);
  }
  return new Uint32Array(ramp.buffer);
}

// For each pixel along one side: the two cells it lies between and how far it is from the first.
function heatSamples(nCells) {
  return Array.from({ length: HEAT_SIDE }, (_, pixel) => {
    const place = Math.max(0, Math.min(nCells - 1, ((pixel + 0.5) / HEAT_SIDE) * nCells - 0.5));
    const first = Math.floor(place);
    return { first, second: Math.min(nCells - 1, first + 1), part: place - first };
  });
}

// Fades towards the rim, so that the crop's edge does not look like an edge in the map.
function heatFade(pixel) {
  const rim = Math.min(pixel, HEAT_SIDE - 1 - pixel) / (0.08 * HEAT_SIDE);
  return Math.min(1, rim);
}

function makeHeatmap() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = HEAT_SIDE;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(HEAT_SIDE, HEAT_SIDE);
  const pixels = new Uint32Array(picture.data.buffer);
  const ramp = heatRamp();
  const fade = Array.from({ length: HEAT_SIDE }, (_, pixel) => heatFade(pixel));
  let samples = { width: 0, height: 0 };

  // cells: all frames of a map; the canvas returned is overwritten by the next call
  return function paint({ cells, width, height }, row) {
    if (samples.width !== width || samples.height !== height) {
      samples = { width, height, across: heatSamples(width), down: heatSamples(height) };
    }
    const start = row * width * height;
    for (let y = 0; y < HEAT_SIDE; y++) {
      const down = samples.down[y];
      const upper = start + down.first * width, lower = start + down.second * width;
      for (let x = 0; x < HEAT_SIDE; x++) {
        const { first, second, part } = samples.across[x];
        const above = cells[upper + first] * (1 - part) + cells[upper + second] * part;
        const below = cells[lower + first] * (1 - part) + cells[lower + second] * part;
        const value = above * (1 - down.part) + below * down.part;
        pixels[y * HEAT_SIDE + x] = ramp[(value * fade[x] * fade[y]) | 0];
      }
    }
    context.putImageData(picture, 0, 0);
    return canvas;
  };
}
