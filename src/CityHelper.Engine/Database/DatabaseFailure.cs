using Npgsql;

namespace CityHelper.Engine.Database;

/// <summary>Maps database failures to errors for the client.</summary>
internal static class DatabaseFailure
{
    public static RequestError Of(NpgsqlException cause) => cause switch
    {
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => new RequestTimeoutError(),
        _ when IsOfGeometry(cause) => new GeometryInvalidError(
            "The geometry lies so close to the border of an area, without lying on it, that the two cannot be compared: move it by a "
                + "millimetre, or send it with fewer digits."),

        // Unreachable, shutting down, out of connections (transient), no such database, wrong password: not the request's fault.
        PostgresException { IsTransient: false, SqlState: var state }
            when !state.StartsWith("3D", StringComparison.Ordinal) && !state.StartsWith("28", StringComparison.Ordinal) =>
            new UnexpectedError(),
        _ => new DatabaseUnavailableError(),
    };

    /// <summary>
    /// Whether GEOS failed to compare a valid geometry with an area: the fuzzer of geometries found it for positions within some 1e-10
    /// degrees of a border.
    /// </summary>
    public static bool IsOfGeometry(NpgsqlException cause) =>
        cause is PostgresException { SqlState: PostgresErrorCodes.InternalError, MessageText: var text }
        && text.Contains("TopologyException", StringComparison.Ordinal);

    /// <summary>Whether an error reports a failure of the database, and not a fault of the request.</summary>
    public static bool IsOne(RequestError? error) => error is RequestTimeoutError or DatabaseUnavailableError or UnexpectedError;
}
