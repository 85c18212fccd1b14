package dev.quorate.core.ring;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;

/**
 * A node as placement sees it. Weight is its share of the data relative to the other members; the labels say what it
 * would fail together with. A rack is known by datacenter and rack, a host by datacenter and host.
 */
public record Member(NodeId id, double weight, String datacenter, String rack, String host) {
    public Member {
        Check.argument(Double.isFinite(weight) && weight > 0, "weight %s of %s is not a positive number", weight, id);
        Check.argument(!datacenter.isEmpty(), "%s has an empty datacenter label", id);
        Check.argument(!rack.isEmpty(), "%s has an empty rack label", id);
        Check.argument(!host.isEmpty(), "%s has an empty host label", id);
    }

    boolean sharesRackWith(Member other) {
        return rack.equals(other.rack) && datacenter.equals(other.datacenter);
    }

    boolean sharesHostWith(Member other) {
        return host.equals(other.host) && datacenter.equals(other.datacenter);
    }
}
