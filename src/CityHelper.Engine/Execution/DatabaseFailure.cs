using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>What a client is told when the database does not answer as it should.</summary>
internal static class DatabaseFailure
{
    public static RequestError Of(NpgsqlException cause) => cause switch
    {
        PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => new RequestTimeoutError(),

        // Not reachable, shutting down, out of connections (transient), no such database, wrong password: not the request's fault.
        PostgresException { IsTransient: false, SqlState: var state }
            when !state.StartsWith("3D", StringComparison.Ordinal) && !state.StartsWith("28", StringComparison.Ordinal) => new UnexpectedError(),
        _ => new DatabaseUnavailableError(),
    };
}
