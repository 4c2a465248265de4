/** The page on which a consent flow ends when the platform named no page of its own, or when nothing can begin. */

import { type Html, page } from "../look/page.tsx";
import { type Ending, endingOf } from "../domain/endings.ts";

export interface End {
  /** One of the list in `endings`; whatever else comes is shown as a failure. */
  outcome: string | undefined;
  /** The request that failed, by which the log is searched. */
  requestId: string | undefined;
  /** Where the person came from, where that is known. */
  backTo?: string | null;
}

/** What may stand on the page: whoever makes up a link to it can put no words of theirs there. */
const SHOWN_ID = /^[\w.-]{1,64}$/;

/** Makes the page for an outcome. */
export function endPage({ outcome: said, requestId, backTo = null }: End): {
  status: Ending["status"];
  document: Html;
} {
  const { outcome, ending } = endingOf(said);
  const { status, mood, title, text, next } = ending;
  const isShown = mood !== "good" && requestId !== undefined && SHOWN_ID.test(requestId);
  const document = page({
    title,
    narrow: true,
    children: (
      <>
        <div class={`notice ${mood}`}>
          <h1>{title}</h1>
          <p>{text}</p>
        </div>
        <p>{next}</p>
        {backTo === null ? null : (
          <p>
            <a class="button" href={backTo}>
              Back to {new URL(backTo).host}
            </a>
          </p>
        )}
        {isShown ? (
          <p class="small muted">
            Reference: <code>{outcome}</code> · <code>{requestId}</code>
          </p>
        ) : null}
      </>
    ),
  });
  return { status, document };
}
