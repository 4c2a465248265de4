/** What is wrong with an auth client, in sentences. */

import type { z } from "@hono/zod-openapi";
import type { diagnosisSchema } from "../jsonapi/diagnosis.ts";
import { FieldsOfClient } from "./credential-fields.tsx";
import { Faults, type Form, PostForm } from "./form.tsx";
import type { AuthClient, Provider } from "./registration-fields.tsx";
import type { Context } from "./service.ts";

export type Diagnosis = z.infer<typeof diagnosisSchema>;

const FIELDS = "/data/attributes/fields";

const LEVELS = { ok: ["good", "Fine"], warning: ["warn", "Look at this"], error: ["bad", "Wrong"] } as const;

interface DiagnoseProps {
  c: Context;
  path: string;
  diagnosis: Diagnosis | undefined;
  form: Form;
  client: AuthClient;
  provider: Provider | null;
}

/** Lets the provider be asked, and says what was found. */
export function Diagnose({ c, path, diagnosis, form, client, provider }: DiagnoseProps) {
  return (
    <section class="stack" id="diagnosis">
      <h2>What is wrong with it?</h2>
      <p class="muted">
        Asks the provider with a made-up code, without a real token: up to half a minute, and the provider counts it.
      </p>
      <Faults form={form} />
      {diagnosis === undefined ? null : (
        <div role="status">
          <ul class="timeline">
            {diagnosis.attributes.findings.map(({ level, detail }) => (
              <li class={LEVELS[level][0]}>
                <strong>{LEVELS[level][1]}</strong>
                <span>{detail}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <PostForm c={c} action={`${path}/diagnose#diagnosis`}>
        <FieldsOfClient form={form.apart("diagnosis-")} client={client} provider={provider} at={FIELDS} />
        <button class="quiet">Diagnose</button>
      </PostForm>
    </section>
  );
}
