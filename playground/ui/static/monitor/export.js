// The curve to take away: as PNG, SVG or CSV.

const PNG_SCALE = 2;

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function saveSvg(chart, name) {
  save(new Blob([chartSvg(chart)], { type: "image/svg+xml" }), `${name}.svg`);
}

async function savePng(chart, name) {
  const url = URL.createObjectURL(new Blob([chartSvg(chart)], { type: "image/svg+xml" }));
  try {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.width * PNG_SCALE;
    canvas.height = picture.height * PNG_SCALE;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    save(blob, `${name}.png`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** All records of the runs, not the points of the picture: the server writes the table. */
async function saveCsv(server, names) {
  const { csv } = await server.curve_csv({ runs: names });
  save(new Blob([csv], { type: "text/csv" }), `${names[0]}-curve.csv`);
}
