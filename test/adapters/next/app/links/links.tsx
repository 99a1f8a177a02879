"use client";

import Link from "next/link";
import { useState } from "react";

/** As many links as fit on a screen, each of which Next fetches ahead once it is seen. */
export function Links() {
  const [shown, show] = useState(false);
  if (!shown) return <button onClick={() => show(true)}>Show</button>;
  return Array.from({ length: 12 }, (_, index) => (
    <Link key={index} href={`/second?page=${index}`}>
      {`Page ${index}`}
    </Link>
  ));
}
