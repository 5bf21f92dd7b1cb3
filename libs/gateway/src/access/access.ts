import { SetMetadata } from '@nestjs/common';

/** Who a route is for: anybody, clients as `AUTH` wants them, or holders of an operator's tier. */
export type Access = 'public' | 'client' | 'operator' | 'metrics';

/** How a guarded route answers: anybody, only a credential, nobody. */
export type Guarding = 'open' | 'token' | 'off';

/** How the routes that are not for clients are guarded. */
export interface AccessRules {
  readonly metrics: Guarding;
  readonly docs: Guarding;
  /** Whatever changes something, and what shows other clients' business. */
  readonly admin: Guarding;
}

export const ACCESS = Symbol('Access');

/** Says who the routes of a controller, or one of them, are for. Without it: reading is for clients, changing for operators. */
export function For(access: Access): ClassDecorator & MethodDecorator {
  return SetMetadata(ACCESS, access);
}
