import type { MessageEncoder } from '#compression';
import type { HubCounts } from '../hub.js';
import type { ChannelMessage, Member } from './channel.js';

/** Complete frames of a message for each member, made on first use and once for all who read the same format. */
export function encodeOnce(
  message: ChannelMessage,
  now: number,
  counts: HubCounts,
): (member: Pick<Member, 'encoder' | 'compression'>) => string {
  const made = { none: new Map<MessageEncoder, string>(), delta: new Map<MessageEncoder, string>() };
  return ({ encoder, compression }) => {
    let frames = made[compression].get(encoder);
    if (frames === undefined) {
      frames = encoder.message(message.type, message.payload(compression, now));
      counts.encoded++;
      made[compression].set(encoder, frames);
    }
    return frames;
  };
}
