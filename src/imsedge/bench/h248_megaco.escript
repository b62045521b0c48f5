#!/usr/bin/env escript
%% -*- erlang -*-
%%! +sbt tnnps -kernel logger_level error
%% How fast Erlang/OTP megaco decodes and encodes the same messages.
%%
%%   h248_megaco.escript pretty|compact|ber FILE SECONDS
%%
%% FILE holds messages, each behind its length in four octets.  Prints "DECODE ENCODE", messages a second, the
%% best of five rounds each; text goes through the flex scanner where it can be loaded.
-mode(compile).

main([Kind, File, Seconds]) ->
    {ok, Data} = file:read_file(File),
    Messages = split(Data),
    {Module, Options} = codec(Kind),
    Terms = [begin {ok, T} = Module:decode_message(Options, dynamic, M), T end || M <- Messages],
    Round = list_to_integer(Seconds) * 100000,
    Decode = best(5, fun() -> rate(fun() -> [Module:decode_message(Options, dynamic, M) || M <- Messages] end, length(Messages), Round) end),
    Encode = best(5, fun() -> rate(fun() -> [Module:encode_message(Options, 2, T) || T <- Terms] end, length(Terms), Round) end),
    io:format("~w ~w~n", [Decode, Encode]).

codec("ber") -> {megaco_binary_encoder, [native]};
codec(Kind) ->
    Options = case catch megaco_flex_scanner:start() of
                  {ok, Port} -> [{flex, Port}];
                  _ -> []
              end,
    {case Kind of "pretty" -> megaco_pretty_text_encoder; "compact" -> megaco_compact_text_encoder end, Options}.

best(Times, Fun) -> lists:max([Fun() || _ <- lists:seq(1, Times)]).

rate(Fun, Count, Microseconds) ->
    Start = erlang:monotonic_time(microsecond),
    Rounds = repeat(Fun, Start + Microseconds, 0),
    round(Rounds * Count * 1000000 / (erlang:monotonic_time(microsecond) - Start)).

repeat(Fun, End, Done) ->
    Fun(),
    case erlang:monotonic_time(microsecond) >= End of
        true -> Done + 1;
        false -> repeat(Fun, End, Done + 1)
    end.

split(<<>>) -> [];
split(<<Size:32, Message:Size/binary, Rest/binary>>) -> [Message | split(Rest)].
