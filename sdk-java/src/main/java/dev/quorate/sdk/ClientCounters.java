package dev.quorate.sdk;

/**
 * What a client has done and run into, since it was built.
 *
 * @param requests calls admitted
 * @param retries attempts after a call's first
 * @param retriesRefused retries not made because the budget was used up
 * @param refusedInFlight calls refused because the bound of calls or bytes in flight was reached
 * @param carriedContexts keys whose last write's context is remembered now
 * @param contextEvictions contexts dropped because their bound was reached
 * @param connectionsLost established connections that broke
 */
public record ClientCounters(
        long requests,
        long retries,
        long retriesRefused,
        long refusedInFlight,
        long carriedContexts,
        long contextEvictions,
        long connectionsLost) {}
