package dev.quorate.core.transfer;

/** A change came when the slot was another's, or about to be, and that one did not take it: nobody may be told that it is held. */
final class NotHandedOverException extends Exception {
    private static final long serialVersionUID = 1L;

    NotHandedOverException(String why) {
        super(why, null, false, false);
    }
}
