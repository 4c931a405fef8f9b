using System.Collections.Concurrent;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Planning;

/// <summary>Reads the log positions of tenants: the first statement of every batch.</summary>
internal class LogStatement : StatementPlan
{
    private readonly string _sql;

    protected LogStatement(string sql) => _sql = sql;

    /// <summary>Its text is the same for every access path of its root.</summary>
    public override AccessPath AccessOf(RootValues values) => AccessPath.Only;

    protected override CompiledStatement Compile(StatementBuilder statement) => new(_sql, statement.Sources);
}

/// <summary>Reads the positions of any tenants, which are its parameter.</summary>
/// <param name="log">The log.</param>
internal sealed class TenantsLogStatement(TenantLog log) : LogStatement(log.Sql)
{
    protected override CompiledStatement Compile(StatementBuilder statement)
    {
        statement.Parameter(nameof(RootValues.LogTenants), static values => StatementBuilder.Smallints(values.LogTenants));
        return base.Compile(statement);
    }
}

/// <summary>Reads the position of one tenant, which stands in its text.</summary>
/// <param name="log">The log.</param>
/// <param name="tenant">The tenant.</param>
/// <param name="withAreas">Whether the revision of its stored areas is read too.</param>
internal sealed class TenantLogStatement(TenantLog log, short tenant, bool withAreas) : LogStatement(log.SqlOfOne(tenant, withAreas));

/// <summary>The statements that read log positions.</summary>
/// <remarks>
/// Reading connections plan a statement with parameters each time, which costs more than to execute this one. Without any, PostgreSQL
/// plans it once for each connection that keeps it prepared (docs/performance.md). Only followed tenants have one: else clients could
/// create a text for each key that they invent. The texts of 50 tenants take a tenth of what a connection keeps prepared.
/// </remarks>
/// <param name="log">The log.</param>
/// <param name="followed">The followed tenants.</param>
internal sealed class LogStatements(TenantLog log, TagTables followed)
{
    private readonly ConcurrentDictionary<(short Tenant, bool WithAreas), TenantLogStatement> _ofOne = new();

    private readonly TenantsLogStatement _ofAny = new(log);

    /// <summary>The statement for some tenants.</summary>
    /// <param name="tenants">The tenants; null for all.</param>
    /// <param name="withAreas">Whether the revision of their stored areas must be read.</param>
    public LogStatement Of(short[]? tenants, bool withAreas) => tenants is [var one] && followed.Of(one) is not null
        ? _ofOne.GetOrAdd((one, withAreas), static (key, log) => new TenantLogStatement(log, key.Tenant, key.WithAreas), log)
        : _ofAny;
}
