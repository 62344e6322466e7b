// Draws boxes, name tags and the heatmap over the video, in pixels of the clip.

function makeOverlay(canvas) {
  const context = canvas.getContext("2d");
  const paintHeat = makeHeatmap();

  // Makes the canvas as sharp as the screen and sets its units to the clip's pixels, inside any black bars.
  function fitTo(clip) {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const scale = Math.min(width / clip.width, height / clip.height);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    const left = (width - clip.width * scale) / 2, top = (height - clip.height * scale) / 2;
    context.setTransform(scale, 0, 0, scale, left, top);
    return ratio / scale;  // one CSS pixel in clip pixels
  }

  // The map lies on the aligned crop, a turned square in the picture: three of its corners fix the transform.
  function drawHeat(clip, geometry, row, attention, opacity) {
    const at = row * VALUES_PER_ROW + 4;
    const [x0, y0, x1, y1, , , x3, y3] = geometry.subarray(at, at + 8);
    context.save();
    context.beginPath();
    context.rect(0, 0, clip.width, clip.height);
    context.clip();
    context.globalAlpha = opacity;
    context.imageSmoothingQuality = "high";
    context.transform(
      (x1 - x0) / HEAT_SIDE, (y1 - y0) / HEAT_SIDE, (x3 - x0) / HEAT_SIDE, (y3 - y0) / HEAT_SIDE, x0, y0,
    );
    context.drawImage(paintHeat(attention, row), 0, 0);
    context.restore();
  }

  function drawBox([x0, y0, x1, y1], isChosen, pixel) {
    context.beginPath();
    context.roundRect(x0, y0, x1 - x0, y1 - y0, 8 * pixel);
    // dark below white: visible on any picture
    context.lineWidth = (isChosen ? 4 : 2.5) * pixel;
    context.strokeStyle = "rgba(0, 0, 0, .35)";
    context.stroke();
    context.lineWidth = (isChosen ? 2 : 1) * pixel;
    context.strokeStyle = isChosen ? "rgba(255, 255, 255, .95)" : "rgba(255, 255, 255, .6)";
    context.stroke();
  }

  function drawTag(text, [x0, y0], isChosen, pixel) {
    context.font = `600 ${12 * pixel}px system-ui, sans-serif`;
    const width = context.measureText(text).width + 12 * pixel, height = 18 * pixel;
    const top = Math.max(0, y0 - height - 4 * pixel), left = Math.max(0, x0);
    context.beginPath();
    context.roundRect(left, top, width, height, 9 * pixel);
    context.fillStyle = isChosen ? "rgba(255, 255, 255, .95)" : "rgba(15, 23, 42, .65)";
    context.fill();
    context.fillStyle = isChosen ? "#0f172a" : "#fff";
    context.textBaseline = "middle";
    context.fillText(text, left + 6 * pixel, top + height / 2);
  }

  // tags: a text per face, or null for none; attention: of the chosen face, or null
  return function draw(clip, row, { chosen, attention, opacity, tags }) {
    const pixel = fitTo(clip);
    clip.faces.forEach((face, position) => {
      if (isAbsent(face, row)) return;
      const isChosen = position === chosen;
      if (isChosen && attention && opacity > 0) drawHeat(clip, face.geometry, row, attention, opacity);
      const box = face.geometry.subarray(row * VALUES_PER_ROW, row * VALUES_PER_ROW + 4);
      drawBox(box, isChosen, pixel);
      if (tags) drawTag(tags[position], box, isChosen, pixel);
    });
  };
}
