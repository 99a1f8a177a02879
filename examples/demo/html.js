// Text to HTML. `html` escapes whatever is put into it, unless that is HTML made by `html` itself.

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text that is HTML already. */
class Html extends String {}

/**
 * @param {TemplateStringsArray} strings
 * @param {unknown[]} values text to escape, `Html`, lists of both; nothing for `undefined` and `false`
 */
export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(toHtml)));
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function toHtml(value) {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(toHtml).join("");
  return String(value).replace(
    /[&<>"']/g,
    (character) => ENTITIES[/** @type {keyof typeof ENTITIES} */ (character)],
  );
}

/**
 * @param {string} title
 * @param {Html} body
 */
export function layout(title, body) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        ${body}
      </body>
    </html> `.toString();
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
