import { useMemo } from 'react';
import { encode } from 'uqr';

/** Modules left free around the code; readers need four to find it (ISO/IEC 18004). */
const quietZone = 4;

/**
 * A QR code as a picture of its own, without a request or a style of the page. Dark on white in either colour scheme: not every
 * camera reads it the other way round.
 * @param label What it is and does, for those who don't see it; what it holds should be there as text too.
 */
export function QrCode({ text, label, size = 208 }: { text: string; label: string; size?: number }) {
  const { modules, dark } = useMemo(() => {
    const code = encode(text, { ecc: 'M', border: quietZone });
    const path = code.data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
    return { modules: code.size, dark: path.join('') };
  }, [text]);
  return (
    <svg
      role="img"
      aria-label={label}
      width={size}
      height={size}
      viewBox={`0 0 ${modules} ${modules}`}
      shapeRendering="crispEdges"
    >
      <rect width={modules} height={modules} fill="#fff" />
      <path d={dark} fill="#000" />
    </svg>
  );
}
