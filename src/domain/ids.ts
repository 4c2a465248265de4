/** The ids of this service. Each kind is a type of its own, so that the compiler refuses one in the place of another. */

declare const kind: unique symbol;
type Id<K extends string> = string & { readonly [kind]: K };

export type AuthClientId = Id<"auth-client">;
export type SecretId = Id<"auth-secret">;
export type AuthorizationId = Id<"authorization">;
export type ApiKeyId = Id<"api-key">;
export type TenantId = Id<"tenant">;
export type ContractId = Id<"contract">;
export type WorkspaceId = Id<"workspace">;
export type UserId = Id<"user">;

/** Matches ids that the platform supplies: tenants, contracts, workspaces, users, components. */
export const PLATFORM_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Matches ids that this service makes: clients, secrets, authorizations, API keys (RFC 9562 UUIDs, lower case). */
export const OWN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
