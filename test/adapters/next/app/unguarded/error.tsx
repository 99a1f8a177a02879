"use client";

export default function Failed() {
  return <h1>Sessions cannot be reached</h1>;
}
