const THANKS = 'Thank you for using Alpha Vantage!';

/** What the vendor says instead of data, always with HTTP 200. */
export const BURST = {
  Information: `${THANKS} Please consider spreading out your free API requests more sparingly (1 request per second). You may subscribe to any of the premium plans to lift the free key rate limit (25 requests per day).`,
};

export const DEMO = { Information: 'The **demo** API key is for demo purposes only. Please claim your free API key.' };

export const PREMIUM = {
  Information: `${THANKS} This is a premium endpoint. You may subscribe to any of the premium plans to instantly unlock all premium endpoints`,
};

export const WRONG_KEY = {
  'Error Message': 'the parameter apikey is invalid or missing. Please claim your free API key.',
};

export function perMinute(limit: number): object {
  return { Note: `${THANKS} Our standard API call frequency is ${limit} calls per minute and 500 calls per day.` };
}

/** Repeats the key, as the vendor does. */
export function perDay(key: string, limit: number): object {
  return {
    Information: `We have detected your API key as ${key} and our standard API rate limit is ${limit} requests per day. Please subscribe to any of the premium plans to instantly remove all daily rate limits.`,
  };
}

export function invalidCall(name: string): object {
  return { 'Error Message': `Invalid API call. Please retry or visit the documentation for ${name}.` };
}
