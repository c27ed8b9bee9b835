/** What models and browsers take as they are. */
const KNOWN = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);
/** What fits is sent as it is, up to so many bytes. */
const SMALL = 256 * 1024;
/** Models see no more of a picture than this many pixels a side. */
const LONGEST_SIDE = 1_568;
const LEAST_SIDE = 256;
const QUALITY = 0.85;

/** A picture as an address that holds it, made smaller where it has to be; `null` where it is none. */
export async function pictureOf(file: File, room: number): Promise<string | null> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return null;
  }
  try {
    const whole = (file.size * 4) / 3 + 64;
    if (KNOWN.has(file.type) && file.size <= SMALL && whole <= room) return await addressOf(file);
    let side = Math.min(LONGEST_SIDE, Math.max(bitmap.width, bitmap.height));
    let address = await drawn(bitmap, side);
    while (address.length > room && side > LEAST_SIDE) {
      side = Math.round(side * 0.7);
      address = await drawn(bitmap, side);
    }
    return address;
  } finally {
    bitmap.close();
  }
}

async function drawn(bitmap: ImageBitmap, side: number): Promise<string> {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/webp", QUALITY));
  return blob ? addressOf(blob) : "";
}

function addressOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
