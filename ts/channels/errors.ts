/** Errors of channels and broadcasts. */
import { MillraceError, register } from '../errors/base.js';

/** The channel is closed: nothing can be sent to it. */
export class ChannelClosedError extends MillraceError {
  override name = 'ChannelClosedError';
  /** @internal */
  constructor() {
    super('ERR_CHANNEL_CLOSED', 'the channel is closed: nothing can be sent to it');
  }
}

/** Subscribers of a broadcast had no room for a message and have missed it; the others have it. */
export class SubscriberSlowError extends MillraceError {
  override name = 'SubscriberSlowError';
  /** Who they are. */
  readonly subscribers: readonly string[];
  /** @internal */
  constructor(subscribers: readonly string[]) {
    super('ERR_SUBSCRIBER_SLOW', `these subscribers had no room for the message: ${subscribers.join(', ')}`);
    this.subscribers = subscribers;
  }
}

register('ERR_CHANNEL_CLOSED', ChannelClosedError);
register('ERR_SUBSCRIBER_SLOW', SubscriberSlowError);
