// What the adapter uses of Next and React, whose packages are too large to install for their types alone. The tests
// compile the adapter against the real ones.

declare module "server-only" {}

declare module "next/headers.js" {
  interface CookieJar {
    set(cookie: {
      name: string;
      value: string;
      path: string;
      domain?: string | undefined;
      secure: boolean;
      httpOnly: boolean;
      sameSite: "lax" | "strict" | "none";
      partitioned: boolean;
      maxAge?: number;
      expires?: Date;
    }): unknown;
    delete(name: string): unknown;
  }
  export function cookies(): Promise<CookieJar>;
  export function headers(): Promise<Headers>;
}

declare module "next/server.js" {
  export class NextRequest extends Request {}
  export class NextResponse extends Response {
    static next(init?: { request?: { headers?: Headers } }): NextResponse;
  }
  export interface NextFetchEvent {
    waitUntil(promise: Promise<unknown>): void;
  }
}

declare module "react" {
  export function cache<Function extends (...args: never[]) => unknown>(
    original: Function,
  ): Function;
}
