/** The vendor's code and words for a status; other statuses share the last. */
const ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  400: ['UDAPI100036', 'Invalid Input'],
  401: ['UDAPI100050', 'Invalid token used to access API'],
  403: ['UDAPI100067', 'The API you are trying to access is not permitted with an extended_token.'],
  404: ['UDAPI10000', 'This request is not supported by Upstox API'],
  429: ['UDAPI10005', 'Too Many Request Sent'],
  500: ['UDAPI100500', 'Something went wrong... please contact us'],
};

/** Body of a refusal; its keys come in both of the vendor's spellings. */
export function errorBody(status: number): object {
  const [code, message] = ERRORS[status] ?? (ERRORS[500] as readonly [string, string]);
  const error = { errorCode: code, message, propertyPath: null, invalidValue: null };
  return { status: 'error', errors: [{ ...error, error_code: code, property_path: null, invalid_value: null }] };
}

/** Body of an authorization: the address in today's and yesterday's spelling. */
export function authorizedBody(address: string): object {
  return { status: 'success', data: { authorizedRedirectUri: address, authorized_redirect_uri: address } };
}

/** Text frame that refuses a request. */
export function refusalText(method: string, error: string): string {
  return JSON.stringify({ status: 'failed', method, error });
}
