/** `/v2/providers`: the presets. They are part of the service and no secret, so whoever is somebody may read them. */

import { createRoute, z } from "@hono/zod-openapi";
import { nothingThere } from "../domain/permissions.ts";
import { document, documentSchema, listDocument, listSchema } from "../jsonapi/document.ts";
import {
  listedProvider,
  listedProviderSchema,
  providerResource,
  PROVIDERS_PATH,
  providerSchema,
} from "../jsonapi/provider.ts";
import { allPresets, findPreset } from "../providers/presets.ts";
import { failures, json } from "./answers.ts";
import type { App } from "./context.ts";
import { writeDocument } from "./write.ts";

const tags = ["Auth clients"];

const listProviders = createRoute({
  tags,
  method: "get",
  path: PROVIDERS_PATH,
  summary: "List providers",
  description:
    "Those that an auth client may name as its `provider`. They are few, so this is all of them, in one page.",
  request: { query: z.object({}) },
  responses: {
    200: json("The providers, by name.", listSchema(listedProviderSchema)),
    ...failures("invalid_document"),
  },
});

const readProvider = createRoute({
  tags,
  method: "get",
  path: `${PROVIDERS_PATH}/{name}`,
  summary: "Read a provider",
  description: "What it fills in for an auth client that names it.",
  request: { params: z.object({ name: z.string().openapi({ description: "As it stands in the list." }) }) },
  responses: { 200: json("The provider.", documentSchema(providerSchema)), ...failures() },
});

export function addProviderRoutes(app: App): void {
  app.openapi(listProviders, () => {
    const data = allPresets().map(([name, preset]) => listedProvider(name, preset));
    const meta = { page: 1, per_page: data.length, total: data.length, total_pages: 1 };
    const self = PROVIDERS_PATH;
    return writeDocument(200, listDocument(data, meta, { self, first: self, prev: null, next: null, last: self }));
  });

  app.openapi(readProvider, (c) => {
    const { name } = c.req.valid("param");
    const preset = findPreset(name);
    if (preset === null) throw nothingThere();
    return writeDocument(200, document(providerResource(name, preset)));
  });
}
