import { SourceFailedError, type VendorId } from '#domain';

/** The vendor does not want our calls: a wrong key, or a plan without what was asked. The transport leaves it alone for long. */
export class VendorRefusedError extends SourceFailedError {
  constructor(vendor: VendorId, reason: string) {
    super(vendor, reason, { retryable: false });
  }
}
