/** The first half of the made up requests. */

import { itAnswersAsDocumented } from "./half.ts";

itAnswersAsDocumented(0);
