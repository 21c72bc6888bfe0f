// [data-upload="address"]: files that are dropped there, or chosen in it, are sent by tus, one after the other. What was
// cut off goes on when the same file is chosen again, after a reload too. Each that has arrived is told to the body as
// `uploaded`, with its id. data-takes="image/jpeg image/png", data-most-bytes and data-shapes="0.8 1.91" (width by height)
// are for pictures: what is none is not sent, and another kind of picture, or one that is too large, as a JPEG; one of
// another shape with white around it.
import { say } from "./notices.js";

const zone = document.querySelector("[data-upload]");
const RETRY_MS = [0, 1000, 3000, 5000, 10000, 20000];
const sending = new Set();
let last = Promise.resolve();

function reason(error) {
  const answer = error.originalResponse;
  if (!answer) return "The connection is lost.";
  try {
    const { detail, remedy } = JSON.parse(answer.getBody());
    return [detail, remedy].filter(Boolean).join(" ");
  } catch {
    return `The service answers ${answer.getStatus()}.`;
  }
}

function size(bytes) {
  const [unit, one] = bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: unit === "megabyte" ? 1 : 0 }).format(bytes / one);
}

class Row {
  constructor(file) {
    const template = document.querySelector("[data-upload-row]");
    this.element = template.content.firstElementChild.cloneNode(true);
    const find = (part) => this.element.querySelector(part);
    [this.bar, this.state, this.pause, this.cancel] = ["progress", "[data-state]", "[data-pause]", "[data-cancel]"].map(find);
    find("[data-name]").textContent = file.name;
    this.bar.setAttribute("aria-label", `Sent of ${file.name}`);
    this.say("Waits for the file before it.");
    document.querySelector("[data-uploads]").append(this.element);
  }

  say(text) {
    this.state.textContent = text;
  }

  sent(bytes, total) {
    this.bar.value = total ? (100 * bytes) / total : 100;
    this.say(`${size(bytes)} of ${size(total)}`);
  }
}

function start(file) {
  const row = new Row(file);
  let done;
  const over = new Promise((resolve) => (done = resolve));
  const rests = () => {
    sending.delete(upload);
    done();
  };
  const upload = new tus.Upload(file, {
    endpoint: zone.dataset.upload,
    headers: { "X-CSRF-Token": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"] },
    metadata: { filename: file.name, filetype: file.type },
    retryDelays: RETRY_MS,
    removeFingerprintOnSuccess: true,
    onUploadUrlAvailable() {
      const id = upload.url.split("/").pop();
      document.querySelector(`[data-unfinished="${id}"]`)?.remove();
    },
    onProgress: (bytes, total) => row.sent(bytes, total),
    onError(error) {
      row.element.setAttribute("role", "alert");
      row.say(`Not sent: ${reason(error)}`);
      row.pause.textContent = "Try again";
      rests();
    },
    onSuccess() {
      row.element.remove();
      rests();
      const detail = { id: upload.url.split("/").pop(), name: file.name };
      document.body.dispatchEvent(new CustomEvent("uploaded", { detail }));
    },
  });
  const go = () => {
    sending.add(upload);
    row.element.removeAttribute("role");
    row.pause.textContent = "Pause";
    upload.start();
  };
  let begun = false;
  let cancelled = false;
  row.pause.addEventListener("click", () => {
    if (!sending.has(upload)) return begun ? go() : undefined;
    upload.abort();
    row.say("Paused. What was sent is kept.");
    row.pause.textContent = "Go on";
    rests();
  });
  row.cancel.addEventListener("click", async () => {
    cancelled = true;
    row.element.remove();
    rests();
    await upload.abort(begun).catch(() => {}); // what cannot be ended now expires
  });
  last = last.then(async () => {
    if (cancelled) return;
    const [before] = await upload.findPreviousUploads();
    if (before) upload.resumeFromPreviousUpload(before);
    begun = true;
    go();
    await over;
  });
}

if (zone) {
  const field = zone.querySelector("input[type=file]");
  const { takes, mostBytes, shapes = "0 Infinity", shapesNamed } = zone.dataset;
  const between = shapes.split(" ").map(Number);
  const fitting = async (file) => {
    if (!takes) return file;
    if (!file.type.startsWith("image/")) return say(`${file.name} is not a picture.`);
    const { asJpeg, misshapen } = await import("./jpeg.js");
    try {
      const reshaped = await misshapen(file, between);
      if (reshaped) say(`${file.name} gets white edges: ${shapesNamed}. Crop it to have none.`);
      const goes = !reshaped && takes.split(" ").includes(file.type) && file.size <= Number(mostBytes);
      return goes ? file : await asJpeg(file, between);
    } catch {
      return say(`${file.name} cannot be shown here. Save it as a JPEG, and choose that.`);
    }
  };
  const take = async (dropped) => {
    const chosen = [...dropped].slice(0, field.multiple ? Infinity : 1);
    await import("../vendor/tus.min.js"); // not before somebody has a file
    for (const file of chosen) {
      const sent = await fitting(file);
      if (sent) start(sent);
    }
  };
  field.addEventListener("change", () => {
    take(field.files);
    field.value = "";
  });
  const holds = (event) => event.dataTransfer?.types.includes("Files");
  // Anywhere on the page: beside the zone a dropped file would take the page's place.
  addEventListener("dragover", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    const fold = zone.closest("details");
    if (fold) fold.open = true;
    zone.classList.add("drop-over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || zone.classList.remove("drop-over"));
  addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    zone.classList.remove("drop-over");
    take(event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => sending.size && event.preventDefault());
}
