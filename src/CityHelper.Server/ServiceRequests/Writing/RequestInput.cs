using CityHelper.Data.Model;
using CityHelper.Engine;
using NetTopologySuite.Geometries;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>The input of a mutation of requests.</summary>
internal abstract record RequestInput
{
    /// <summary>Makes the mutation repeatable; null when it is not.</summary>
    public string? IdempotencyKey { get; init; }
}

/// <summary>The input of a mutation of one request.</summary>
/// <param name="Id">The request's global id.</param>
internal abstract record ExistingRequestInput(string Id) : RequestInput
{
    /// <summary>The version that the client has seen; null when it does not matter.</summary>
    public int? Version { get; init; }
}

/// <summary>A position in degrees.</summary>
internal sealed record PlaceInput(double Longitude, double Latitude);

/// <summary>Checks what GraphQL's types leave open, and collects all that is wrong.</summary>
internal sealed class InputCheck
{
    private static readonly GeometryFactory s_geometry = new(new PrecisionModel(), Wgs84.Srid);

    private readonly List<MutationError> _errors = [];

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<MutationError> Errors => _errors;

    /// <summary>Notes an error.</summary>
    public void Add(MutationError error) => _errors.Add(error);

    /// <summary>The city and key of a request's global id; city 0 when it is none.</summary>
    /// <param name="member">The member of the input.</param>
    /// <param name="id">Its value.</param>
    public (short City, long Row) Request(string member, string id)
    {
        if (GlobalId.Parse(id) is { Type: nameof(ServiceRequest), Tenant: { } city, Row: var row })
        {
            return (city, row);
        }

        Add(new RequestIdInvalidError(member));
        return default;
    }

    /// <summary>Checks a text that is stored.</summary>
    /// <param name="member">The member of the input.</param>
    /// <param name="text">Its value; null for none.</param>
    /// <param name="max">The most characters.</param>
    /// <returns>The text.</returns>
    public string? Text(string member, string? text, int max)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length > max)
        {
            Add(new TextTooLongError(member, max));
        }
        else if (string.IsNullOrWhiteSpace(text) || text.Contains('\0') || !IsWellFormed(text))
        {
            Add(new TextInvalidError(member));
        }

        return text;
    }

    /// <summary>Checks an idempotency key.</summary>
    public void Key(string? key)
    {
        if (key is not null && (key.Length is 0 or > Data.Limits.IdempotencyKeyCharsMax || key.Contains('\0') || !IsWellFormed(key)))
        {
            Add(new IdempotencyKeyInvalidError());
        }
    }

    /// <summary>A place as a geometry; null for none, or when it is none on the earth.</summary>
    public Point? Place(PlaceInput? place)
    {
        if (place is null)
        {
            return null;
        }

        if (!(Math.Abs(place.Longitude) <= 180 && Math.Abs(place.Latitude) <= 90))
        {
            Add(new LocationInvalidError());
            return null;
        }

        return s_geometry.CreatePoint(new Coordinate(place.Longitude, place.Latitude));
    }

    // PostgreSQL stores no half of a surrogate pair.
    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[++i])))
            {
                return false;
            }
        }

        return true;
    }
}
