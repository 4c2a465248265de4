/** Which URIs of a provider are called. */

import { describe, expect, test } from "vitest";
import { providerUriFault } from "../../src/domain/provider-uri.ts";

describe("providerUriFault refuses (SECURITY 9)", () => {
  test.each([
    "not a uri",
    "/token",
    "http://provider.example.com/token",
    "ftp://provider.example.com/token",
    "https://user@provider.example.com/token",
    "https://user:pass@provider.example.com/token",
    "https://provider.example.com/token#fragment",
    "https://provider.example.com/token#",
    "https://provider.example.com:8443/token",
    "https://localhost/token",
    "https://a.localhost/token",
    "https://localhost./token",
    "https://127.0.0.1/token",
    "https://127.1/token",
    "https://2130706433/token",
    "https://0x7f.0.0.1/token",
    "https://0177.0.0.1/token",
    "https://10.1.2.3/token",
    "https://172.16.0.1/token",
    "https://192.168.1.1/token",
    "https://100.64.0.1/token",
    "https://169.254.169.254/latest/meta-data",
    "https://0.0.0.0/token",
    "https://[::]/token",
    "https://[::1]/token",
    "https://[::127.0.0.1]/token",
    "https://[::169.254.169.254]/token",
    "https://[2001:db8::1]/token",
    "https://[ff02::1]/token",
    "https://localhost../token",
    "https://a..example.com/token",
    "https://[fd00::1]/token",
    "https://[fe80::1]/token",
    "https://[::ffff:10.0.0.1]/token",
    "https://[::ffff:7f00:1]/token",
    "https://[64:ff9b::7f00:1]/token",
    "https://metadata.google.internal/token",
    "https://printer.local/token",
    "https://intranet/token",
  ])("%s", (uri) => {
    expect(providerUriFault(uri, { allowLoopback: false })).toMatch(/^must /);
  });
});

describe("providerUriFault lets pass", () => {
  test.each([
    "https://provider.example.com/token",
    "https://provider.example.com:443/token?keep=me",
    "https://8.8.8.8/token",
    "https://[2606:4700::1111]/token",
    "https://bücher.example/token",
  ])("%s", (uri) => {
    expect(providerUriFault(uri, { allowLoopback: false })).toBeNull();
  });
});

describe("providerUriFault with more ports", () => {
  const policy = { allowLoopback: false, ports: new Set(["8443"]) };

  test("lets them pass at public hosts, and no others (SECURITY 9)", () => {
    expect(providerUriFault("https://provider.example.com:8443/token", policy)).toBeNull();
    expect(providerUriFault("https://provider.example.com/token", policy)).toBeNull();
    expect(providerUriFault("https://provider.example.com:8444/token", policy)).toBe("must use port 443 or 8443");
    expect(providerUriFault("https://10.0.0.1:8443/token", policy)).toBe("must name a public host");
    expect(providerUriFault("http://provider.example.com:8443/token", policy)).toBe("must use https");
  });
});

describe("providerUriFault in development", () => {
  test.each(["http://127.0.0.1:4000/token", "http://localhost:4000/token", "http://[::1]:4000/token"])(
    "lets %s pass",
    (uri) => {
      expect(providerUriFault(uri, { allowLoopback: true })).toBeNull();
    },
  );

  test.each([
    "http://10.0.0.1/token",
    "https://10.0.0.1/token",
    "http://provider.example.com/token",
    "ftp://localhost/",
  ])("still refuses %s", (uri) => {
    expect(providerUriFault(uri, { allowLoopback: true })).toMatch(/^must /);
  });
});
