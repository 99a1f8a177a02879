"use client";

/** Gets a part of the session from the server. */
export function Tags({ tags }: { tags: readonly string[] }) {
  return <p id="tags">{tags.join(" ")}</p>;
}
