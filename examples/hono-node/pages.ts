// The one page. What `html` is given is escaped, unless `html` made it.

export interface View {
  readonly name?: string | undefined;
  readonly notes: readonly string[];
  /** What the request before this one had to say. */
  readonly notice: unknown;
}

export function page({ name, notes, notice }: View): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Notes</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Html(STYLE)}
        </style>
      </head>
      <body>
        <h1>Notes</h1>
        ${notice === undefined ? "" : html`<p class="notice" role="status">${notice}</p>`}
        ${name === undefined ? signIn() : notebook(name, notes)}
      </body>
    </html>`.toString();
}

function signIn(): Html {
  return html`<form method="post" action="/sign-in">
    <label for="name">Your name</label>
    <input id="name" name="name" required maxlength="40" autocomplete="username" />
    <button class="main">Sign in</button>
  </form>`;
}

function notebook(name: string, notes: readonly string[]): Html {
  return html`<form method="post" action="/notes">
      <label for="note">New note</label>
      <input id="note" name="note" required maxlength="200" autocomplete="off" />
      <button class="main">Add</button>
    </form>
    ${
      notes.length === 0
        ? html`<p class="quiet">Nothing noted yet.</p>`
        : html`<ul>
            ${notes.map((note) => html`<li>${note}</li>`)}
          </ul>`
    }
    <form method="post" action="/sign-out">
      <p>Signed in as <strong>${name}</strong>. <a href="/notes.txt">Notes as text</a></p>
      <button>Sign out</button>
    </form>`;
}

/** Text that is HTML already. */
class Html extends String {}

function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toHtml)));
}

function toHtml(value: unknown): string {
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(toHtml).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
  :root {
    color-scheme: light dark;
    --paper: light-dark(#f7f4ee, #191714);
    --card: light-dark(#fffdf9, #221f1b);
    --ink: light-dark(#25211c, #ece6db);
    --quiet: light-dark(#686057, #a89f92);
    --line: light-dark(#ddd5c8, #3b362f);
    --accent: light-dark(#8c2f39, #e39a9a);
    --button: light-dark(#8c2f39, #9c3e48);
    --wash: light-dark(#e5eadb, #2a3122);
  }
  * { box-sizing: border-box; }
  html { background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
  body { display: grid; gap: 1.5rem; margin: 0 auto; max-width: 34rem; padding: clamp(1.25rem, 6vw, 4rem) 1.25rem; }
  h1, p, ul { margin: 0; }
  h1 { font: 600 clamp(2rem, 8vw, 2.75rem)/1.1 Georgia, serif; letter-spacing: -0.015em; }
  a { color: var(--accent); text-underline-offset: 0.2em; }
  form { align-items: center; display: flex; flex-wrap: wrap; gap: 0.5rem; }
  label { flex: 1 1 100%; }
  form p { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
  input, button { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; color: inherit; font: inherit; min-height: 2.75rem; padding: 0.5rem 0.875rem; }
  input { border-color: var(--quiet); flex: 1 1 12rem; min-width: 0; }
  button { cursor: pointer; }
  button.main { background: var(--button); border-color: var(--button); color: #fff; }
  button:hover { filter: brightness(1.1); }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  ul { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; list-style: none; padding: 0.25rem 1.25rem; }
  li { overflow-wrap: anywhere; padding: 0.625rem 0; }
  li + li { border-top: 1px dotted var(--line); }
  .quiet { color: var(--quiet); }
  .notice { background: var(--wash); border-radius: 0.5rem; overflow-wrap: anywhere; padding: 0.75rem 1rem; }
  form ~ form { border-top: 1px solid var(--line); padding-top: 1.5rem; }
`;
