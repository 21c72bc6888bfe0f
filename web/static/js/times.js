// Times are drawn by the server in the zone that this cookie names; the first page that somebody sees is drawn again here.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const chosen = document.documentElement.dataset.zone;
const known = Boolean(chosen) || document.cookie.includes(`proofroom_timezone=${encodeURIComponent(zone)}`);
document.cookie = `proofroom_timezone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;

const FORMS = {
  when: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false },
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
};
const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

function ago(moment) {
  const seconds = (Date.now() - moment) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  if (!unit) return "now";
  const amount = `${Math.floor(Math.abs(seconds) / unit[1])} ${unit[0]}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

function draw(times, forms) {
  for (const time of times) {
    const moment = new Date(time.dateTime);
    const form = time.dataset.form;
    time.title ||= moment.toLocaleString("en-GB", { timeZone: chosen ?? zone });
    if (!forms.includes(form)) continue;
    time.textContent = form === "ago" ? ago(moment) : new Intl.DateTimeFormat("en-GB", FORMS[form]).format(moment);
  }
}

draw(document.querySelectorAll("time[data-form]"), known ? [] : ["when", "clock"]);
setInterval(() => draw(document.querySelectorAll('time[data-form="ago"]'), ["ago"]), 30_000);
