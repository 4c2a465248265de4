/** Why the demo cannot go on, as one sentence for the person at the terminal. Anything else that is thrown is a mistake in the demo. */
export class DemoFailure extends Error {
  override readonly name = "DemoFailure";
}
