using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning;

/// <summary>Makes one parameter of a statement from a request's values.</summary>
internal delegate NpgsqlParameter ParameterSource(RootValues values);

/// <summary>Returns why a request's value cannot be compared with, or null.</summary>
internal delegate RequestError? ValueCheck(VariableValues variables);

/// <summary>A statement under construction: its parameters, and the access path of its rows.</summary>
internal sealed class StatementBuilder(AccessPath access)
{
    private readonly Dictionary<object, string> _names = [];
    private readonly List<ParameterSource> _sources = [];
    private readonly List<ValueCheck> _checks = [];
    private readonly List<SpatialComparison> _comparisons = [];

    public AccessPath Access { get; } = access;

    /// <summary>The checks that a request's values must pass before the statement may run.</summary>
    public IReadOnlyList<ValueCheck> Checks => _checks;

    /// <summary>The geometries that rows are compared with. They are checked after everything that is cheaper to refuse.</summary>
    public IReadOnlyList<SpatialComparison> Comparisons => _comparisons;

    /// <summary>
    /// The source whose rows the statement returns. Other sources in it supply only parents, and read pages without the extra row.
    /// </summary>
    public RowSource? Reads { get; set; }

    public ParameterSource[] Sources => [.. _sources];

    /// <summary>The parameter that names the tenant; the first of every statement on partitioned tables.</summary>
    public string Tenant() => Parameter(nameof(Tenant), static values => Smallint(values.Tenant));

    /// <summary>A parameter, created once per <paramref name="key"/> however often the statement names it.</summary>
    public string Parameter(object key, ParameterSource source)
    {
        if (!_names.TryGetValue(key, out string? name))
        {
            _sources.Add(source);
            _names.Add(key, name = "$" + _sources.Count.ToString(CultureInfo.InvariantCulture));
        }

        return name;
    }

    /// <summary>Adds a check that a request's values must pass before the statement may run.</summary>
    public void Check(ValueCheck check) => _checks.Add(check);

    /// <summary>
    /// Adds a geometry that must be checked before the statement may run; the check takes milliseconds or reads the database.
    /// </summary>
    public void Compare(SpatialComparison comparison) => _comparisons.Add(comparison);

    /// <summary>A positional parameter of a stated type: PostgreSQL need not infer it, and the statement stays prepared.</summary>
    public static NpgsqlParameter Typed<T>(NpgsqlDbType type, T value) =>
        new NpgsqlParameter<T> { NpgsqlDbType = type, TypedValue = value };

    public static NpgsqlParameter Smallint(short value) => Typed(NpgsqlDbType.Smallint, value);

    public static NpgsqlParameter Smallints(short[]? values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint, Value = values is null ? DBNull.Value : values };

    public static NpgsqlParameter Bigint(long value) => Typed(NpgsqlDbType.Bigint, value);

    public static NpgsqlParameter Bigints(long[] values) => Typed(NpgsqlDbType.Array | NpgsqlDbType.Bigint, values);

    public static NpgsqlParameter Integer(int value) => Typed(NpgsqlDbType.Integer, value);

    public static NpgsqlParameter Double(double value) => Typed(NpgsqlDbType.Double, value);

    public static NpgsqlParameter Doubles(double[] values) => Typed(NpgsqlDbType.Array | NpgsqlDbType.Double, values);

    public static NpgsqlParameter Geometry(NetTopologySuite.Geometries.Geometry value) =>
        new NpgsqlParameter<NetTopologySuite.Geometries.Geometry> { NpgsqlDbType = NpgsqlDbType.Geometry, TypedValue = value };

    public static NpgsqlParameter Text(string value) => Typed(NpgsqlDbType.Text, value);
}

/// <summary>A finished statement.</summary>
/// <param name="Sql">The text, with positional parameters.</param>
/// <param name="Parameters">The parameters in their order.</param>
internal sealed record CompiledStatement(string Sql, ParameterSource[] Parameters)
{
    private int _isUsed;

    /// <summary>Replaces the text in comparisons: the first 64 bits of its SHA-256.</summary>
    public ulong TextHash { get; } = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(MemoryMarshal.AsBytes(Sql.AsSpan())));

    /// <summary>Marks the statement as used.</summary>
    /// <returns>Whether it was used before.</returns>
    public bool NoteUse() => Interlocked.Exchange(ref _isUsed, 1) > 0;
}
