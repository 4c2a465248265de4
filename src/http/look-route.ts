/** `/look/…`: the style, script and icon of all pages. */

import { fileAnswer, FILES_PATH } from "../look/files.ts";
import { ServiceError } from "../errors.ts";
import type { App } from "./context.ts";

/** Adds the files. They are no part of the API, so its description does not name them. */
export function addLookRoute(app: App): void {
  app.all(FILES_PATH, (c) => {
    const answer = fileAnswer(c.req.path);
    if (answer === null) throw new ServiceError("not_found", "There is no such file.");
    return answer;
  });
}
