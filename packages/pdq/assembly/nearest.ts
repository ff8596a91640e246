/** Copies the pixels at `count` byte offsets (u32) of a row, one behind the other. May write up to 3 bytes beyond the last. */
export function gatherRow(from: usize, offsets: usize, count: u32, channels: u32, to: usize): void {
  const end = offsets + ((<usize>count) << 2);
  for (let at = offsets; at < end; at += 4, to += channels) store<u32>(to, load<u32>(from + <usize>load<u32>(at)));
}
