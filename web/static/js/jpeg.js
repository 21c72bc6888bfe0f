// A picture that its platform would not take, for its format, its size or its shape, as a JPEG that it takes.
const WIDEST = 2048;
const QUALITY = 0.9;

/** Width and height that have room for these and are of a shape between the narrowest and the widest. */
function framed(width, height, [narrowest, widest]) {
  if (width < height * narrowest) return [Math.ceil(height * narrowest), height];
  if (width > height * widest) return [width, Math.ceil(width / widest)];
  return [width, height];
}

export async function misshapen(file, shapes) {
  const { width, height } = await createImageBitmap(file);
  return framed(width, height, shapes).some((side, index) => side !== [width, height][index]);
}

export async function asJpeg(file, shapes) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, WIDEST / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(...framed(width, height, shapes));
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // a JPEG lets nothing through
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return new File([blob], `${file.name.replace(/\.\w+$/, "")}.jpg`, { type: blob.type, lastModified: file.lastModified });
}
