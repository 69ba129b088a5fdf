/**
 * A certificate for `localhost` and 127.0.0.1, and its key, for tests of servers with TLS. Nobody trusts it, so a client
 * has to be told to (`rejectUnauthorized: false`).
 */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdhhWetQA0EL/dIQy
cJ/nXNNV8ucor9hvaKXmrTwJddahRANCAARHLbPKb1i5moc+5vdtTZaEEn1kvs7i
CCxacjGkjbeDxQwhiK8gCEcM2LQHkzrz9oyjdjNRy3bEaxRRsKzV9V9R
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUHgJ87T0qOWlIduAJD+h6lKuvqDMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTA1MjMwN1oYDzIxMjYxMTA1
MDUyMzA3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARHLbPKb1i5moc+5vdtTZaEEn1kvs7iCCxacjGkjbeDxQwhiK8gCEcM
2LQHkzrz9oyjdjNRy3bEaxRRsKzV9V9Ro28wbTAdBgNVHQ4EFgQU2NKx7CiHAodb
u1ouvsbnsbaKqbwwHwYDVR0jBBgwFoAU2NKx7CiHAodbu1ouvsbnsbaKqbwwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgXFgYLR2Yj1jvUJkMLEV2djXZJOFydTNqsDcaKQnO/WcCIQD4
zdm+WiOMdStrdm2pBJjM0d/BJDCgKp73pOAGA/qmDw==
-----END CERTIFICATE-----`,
} as const
