/** Where an NBD server listens. */
export type ListenAddress =
  /** Absolute path of a socket. */
  | { readonly unix: string }
  /** Port 0: any that is free. */
  | { readonly host: string; readonly port: number };
