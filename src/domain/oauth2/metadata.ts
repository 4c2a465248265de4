/** What an issuer tells of itself (RFC 8414 2, OpenID Connect Discovery 3), as far as this service looks at it. Pure. */

/** Members have their names of RFC 8414. */
export interface ProviderMetadata {
  issuer: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
  revocation_endpoint?: string;
  introspection_endpoint?: string;
  token_endpoint_auth_methods_supported?: string[];
  code_challenge_methods_supported?: string[];
  /** RFC 9207: answers to authorization requests hold `iss`. */
  authorization_response_iss_parameter_supported?: boolean;
}
