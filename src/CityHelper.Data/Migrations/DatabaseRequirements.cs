using System.Globalization;
using Npgsql;

namespace CityHelper.Data.Migrations;

/// <summary>What a database needs before migrations run in it.</summary>
internal static class DatabaseRequirements
{
    /// <summary>Compaction uses MERGE, which came with PostgreSQL 15.</summary>
    private const int ServerVersionMin = 15;

    // Users who are not superusers may enable trusted extensions if they have CREATE on the database.
    private const string ExtensionsSql =
        """
        select needed.name,
               exists (select from pg_extension e where e.extname = needed.name),
               exists (select from pg_available_extensions a where a.name = needed.name),
               (select r.rolsuper from pg_roles r where r.rolname = current_user)
                   or has_database_privilege(current_database(), 'create')
                      and exists (select from pg_available_extension_versions v where v.name = needed.name and v.trusted)
        from (values (1, 'postgis'), (2, 'pg_trgm')) needed (place, name)
        order by needed.place
        """;

    /// <exception cref="MigrationException">A requirement is missing; the message says what to do.</exception>
    public static async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await CheckVersionAsync(connection, cancellation);
        await using var command = new NpgsqlCommand(ExtensionsSql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            (bool enabled, bool available, bool allowed) = (reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3));
            if (!enabled && !(available && allowed))
            {
                throw new MigrationException(available ? NotAllowed(reader.GetString(0)) : NotThere(reader.GetString(0)));
            }
        }
    }

    private static async Task CheckVersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("show server_version_num", connection);
        int version = int.Parse((string)(await command.ExecuteScalarAsync(cancellation))!, CultureInfo.InvariantCulture) / 10_000;
        if (version < ServerVersionMin)
        {
            throw new MigrationException(
                $"The database server is PostgreSQL {version}, and {ServerVersionMin} is needed at least: move the database to such a "
                    + "server and migrate again.");
        }
    }

    private static string NotThere(string extension) => extension == "postgis"
        ? "The database server has no PostGIS: install the package (postgresql-15-postgis-3 on Debian) and migrate again."
        : "The database server has no pg_trgm: install PostgreSQL's contrib modules (part of postgresql-15 on Debian, else "
            + "postgresql15-contrib) and migrate again.";

    private static string NotAllowed(string extension) =>
        $"{(extension == "postgis" ? "PostGIS" : extension)} is not enabled in this database and this user may not enable it: "
        + $"have a superuser run `create extension {extension}` in it and migrate again.";
}
