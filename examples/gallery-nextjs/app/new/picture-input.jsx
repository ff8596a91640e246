'use client';

import { useEffect, useRef, useState } from 'react';
import { attachToInput, createUploader } from '@gatehouse/client/browser';

async function getTicket() {
  const reply = await fetch('/ticket', { method: 'POST' });
  if (!reply.ok) throw new Error(`no ticket: ${reply.status}`);
  return (await reply.json()).ticket;
}

/** The picture is hashed and asked about on the device. If it may be sent it goes to Gatehouse, and the form carries its receipt. */
export function PictureInput({ gatehouseUrl }) {
  const input = useRef(null);
  const status = useRef(null);
  const [isAttached, setIsAttached] = useState(false);
  useEffect(() => {
    const chosen = input.current;
    const uploader = createUploader({ gatehouseUrl, getTicket });
    const detach = attachToInput(chosen, { uploader, status: status.current });
    setIsAttached(true);
    return () => {
      detach();
      uploader.close();
      setIsAttached(false);
    };
  }, [gatehouseUrl]);
  return (
    <>
      <label htmlFor="picture">Picture</label>
      <p id="picture-hint" className="hint">
        JPEG, PNG, WebP, GIF or AVIF, up to 20 MB. It is checked before it is published.
      </p>
      {/* With a name the form carries the bytes: only as long as nothing looks after the input. */}
      <input
        ref={input}
        id="picture"
        type="file"
        name={isAttached ? undefined : 'picture'}
        accept="image/jpeg,image/png,image/webp,image/gif,image/avif"
        required
        aria-describedby="picture-hint"
      />
      <output ref={status} htmlFor="picture" />
    </>
  );
}
