import { unpack } from 'msgpackr';
import { decodeCompactEventTimes } from './decode-compact.js';

type Time = string | number | undefined;
interface Update {
  readonly data?: { readonly timestamp?: Time };
}
interface Message extends Update {
  readonly updates?: readonly Update[];
}

/** The vendor's event times, Unix ms, of the updates in one message that carry one. */
export type EventTimes = (bytes: Buffer, start: number, end: number) => readonly number[];

export const socketIoTextEventTimes: EventTimes = (bytes, start, end) => {
  const packet = JSON.parse(bytes.toString('latin1', start + 2, end)) as [event: string, payload: Message];
  return timesOf(packet[1]);
};

export const rawJsonEventTimes: EventTimes = (bytes, start, end) =>
  timesOf(JSON.parse(bytes.toString('latin1', start, end)) as Message);

export const msgpackEventTimes: EventTimes = (bytes, start, end) =>
  timesOf(unpack(bytes.subarray(start, end)) as Message);

export const compactEventTimes: EventTimes = (bytes, start, end) => decodeCompactEventTimes(bytes.subarray(start, end));

function timesOf(message: Message): readonly number[] {
  const times: number[] = [];
  for (const { data } of message.updates ?? [message]) {
    const time = data?.timestamp;
    if (time !== undefined) times.push(typeof time === 'number' ? time : Date.parse(time));
  }
  return times;
}
