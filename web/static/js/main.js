// What every page has; the modules find what is theirs by data attributes and go without it.
import "./connection.js";
import "./dialogs.js";
import "./keys.js";
import "./live.js";
import "./menu.js";
import "./notices.js";
import "./theme.js";
import "./times.js";
