// The only script of the pages: fifty requests at once, where there is a counter, a message that is read aloud, and no
// page from before a sign-out. All else works without it.
// Its addresses are relative, to the shop that the page is of.

const BURST = 50;

const button = document.querySelector("#burst");
const result = document.querySelector("#burst-result");
const total = document.querySelector("#count");
let isRunning = false;

async function readCount() {
  const response = await fetch("count", { cache: "no-store" });
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
  return response.json();
}

async function addOne() {
  const headers = { Accept: "application/json" };
  const response = await fetch("count", { method: "POST", headers });
  return response.ok;
}

async function burst() {
  const before = await readCount();
  const sent = [];
  // Without a cookie every request would start a session of its own, so the first one goes alone and brings it.
  if (before.isNew) {
    sent.push(await addOne());
    const { isNew } = await readCount();
    if (isNew) return location.assign("?check#counter");
  }
  const rest = Array.from({ length: BURST - sent.length }, addOne);
  sent.push(...(await Promise.all(rest)));
  const after = await readCount();
  total.textContent = after.count;
  result.textContent = describe(sent.filter(Boolean).length, after.count - before.count);
}

function describe(accepted, counted) {
  const refused = accepted < BURST ? `, ${BURST - accepted} refused` : "";
  const others = counted > accepted ? ", with those of another tab" : "";
  return `${BURST} sent${refused}, ${counted} counted${others}.`;
}

if (button) button.hidden = false;
button?.addEventListener("click", async () => {
  if (isRunning) return;
  isRunning = true;
  button.setAttribute("aria-disabled", "true");
  result.textContent = `Sending ${BURST} …`;
  try {
    await burst();
  } catch (error) {
    result.textContent = `${error.message}.`;
  } finally {
    isRunning = false;
    button.removeAttribute("aria-disabled");
  }
});

// A live region is announced when it changes, not when the page comes with it.
const message = document.querySelector("#message");
setTimeout(() => message.replaceChildren(...message.childNodes), 200);

// The address has said what it had to say: a reload should not say it again.
if (location.search) history.replaceState(null, "", location.pathname + location.hash);

// A browser may have kept the page as it was, `no-store` or not: after a sign-out, Back must not show it again.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload();
});
