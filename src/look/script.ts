/**
 * The little script of the pages, as text. Everything works without it: it copies to the clipboard, keeps times in step, and looks again while a
 * page is open. Such a look counts as no use of a session. What changed is told to screen readers as well.
 */

import { inWords } from "./time.tsx";

/** How often a page looks again. */
const LOOK_AGAIN_MS = 20_000;
/** Marks a request that nobody asked for. */
export const UNASKED = "x-unasked";

export const SCRIPT = `
const inWords = ${inWords.toString()};
const each = (what, act) => document.querySelectorAll(what).forEach(act);

const said = document.getElementById("said");

const tell = () => each("time[data-when]", (time) => {
  const left = (Date.parse(time.dateTime) - Date.now()) / 1000;
  const text = left > 0 ? "in " + inWords(left) : inWords(-left) + " ago";
  if (time.textContent !== text) time.textContent = text;
});
setInterval(tell, 1000);

if (navigator.clipboard) each("button[data-copies]", (button) => {
  button.hidden = false;
  const before = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).value);
    button.textContent = said.textContent = "Copied";
    setTimeout(() => { button.textContent = before; said.textContent = ""; }, 2000);
  });
});

const isBusy = () => document.hidden || document.querySelector("[data-live] :focus, [data-live] details[open]") !== null;
const look = async () => {
  if (isBusy()) return;
  const answer = await window.fetch(location.href, { headers: { "${UNASKED}": "1" } }).catch(() => null);
  // The session is over: what is shown is nobody's any more.
  if (answer !== null && answer.redirected) return location.reload();
  if (answer === null || !answer.ok || isBusy()) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  each("[data-live]", (part) => {
    const next = fresh.getElementById(part.id);
    if (next === null || next.innerHTML === part.innerHTML) return;
    const news = next.querySelector("[data-news]")?.textContent;
    if (news !== part.querySelector("[data-news]")?.textContent) said.textContent = news ?? "";
    part.replaceChildren(...next.childNodes);
  });
};
if (document.querySelector("[data-live]") !== null) setInterval(look, ${LOOK_AGAIN_MS});
`;
