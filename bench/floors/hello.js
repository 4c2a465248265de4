/** The floor of everything: a Worker that does nothing. */

export default { fetch: () => new Response("hello") };
