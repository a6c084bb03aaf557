import { useState } from "react";
import "./cover.css";

/** An author's picture: over https, or one of the playground's own files. One that does not load is not missed. */
export function Cover({ src }: { src: string }) {
  const [broken, setBroken] = useState("");
  const mayShow = src.startsWith("https://") || src.startsWith("/content/files/");
  if (!mayShow || broken === src) return null;
  return (
    <img
      className="cover"
      src={src}
      alt=""
      loading="lazy"
      decoding="async"
      referrerPolicy="no-referrer"
      onError={() => setBroken(src)}
    />
  );
}
