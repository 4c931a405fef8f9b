using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Binding;

/// <summary>What binding needs beside a plan and a request's variables.</summary>
/// <param name="CursorKeys">The keys of cursors.</param>
/// <param name="Statistics">What is known of the rows.</param>
/// <param name="Time">The clock, for what is due.</param>
/// <param name="Lookups">What must be asked.</param>
internal sealed record BindingContext(CursorKeys CursorKeys, ITableStatistics Statistics, TimeProvider Time, BindingLookups Lookups);
