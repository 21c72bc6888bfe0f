// A picture that its platform would not take, for its format or for its size, as a JPEG that it takes.
const WIDEST = 2048;
const QUALITY = 0.9;

export async function asJpeg(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, WIDEST / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // a JPEG lets nothing through
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return new File([blob], `${file.name.replace(/\.\w+$/, "")}.jpg`, { type: blob.type, lastModified: file.lastModified });
}
