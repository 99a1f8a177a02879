import { type ReactNode, Suspense } from "react";

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Suspense fallback={<p>Loading</p>}>{children}</Suspense>
      </body>
    </html>
  );
}
